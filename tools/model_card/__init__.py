"""Parts of `tools/bundle.py`: what is known of a training run, its curves as a picture, and the model card."""
