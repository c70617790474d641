"""Published weights in, our one-folder layout out. Start reading at `registry.py`, then `moore.py` for one family.

Nothing is imported here, so that who needs a file's hash or a model's place does not wait for the networks.
"""
