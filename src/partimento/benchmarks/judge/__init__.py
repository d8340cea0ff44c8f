"""Can a judge tell what a model wrote from what people wrote?"""
