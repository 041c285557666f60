"""tiny:detector and its second, independent one."""
