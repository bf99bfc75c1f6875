"""What grade.py is made of: one idea a file.

release      an instructor's variant of an assignment
lms          file names as learning management systems make them
submissions  what a student handed in, made whole
sandbox      where a stranger's code may run, and its limits
autograde    one submission, graded by nbgrader in there
course       an assignment as nbgrader makes it, and who handed in
gradebook    scores into the gradebook of record
feedback     what a student gets back: no hidden tests
"""
