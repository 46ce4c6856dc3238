"""Not a test module: test_keras runs it in a process of its own."""

collect_ignore = ["keras_case.py"]
