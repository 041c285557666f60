"""Question sets in the forms in which they are published.

``folders`` finds the data files of a set, ``text_files`` and ``arrow_files`` stream their rows, ``shapes`` reads what a
row asks and ``places`` finds its picture. ``tasks.vqa_data.questions`` puts them together.
"""
