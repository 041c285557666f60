"""Work for many processes and machines: keys whose rows depend on nothing else, done by whoever is free.

``work`` says what is done, ``chunks`` keeps what was done as parquet files at any address, ``pool`` is the book of who
does what, and ``engine`` runs it on Ray, which nothing else imports.
"""
