# A marker for type checkers that follow editable installs: without a file here, some of them
# look for curifactory.reporting in curifactory-core only. Never shipped: an empty stub next to
# core's __init__.py would hide every name of the package.
