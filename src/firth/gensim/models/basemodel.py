"""gensim.models.basemodel: a class that programs name in their types; firth has no topic models."""


class BaseTopicModel:
    """The parent of gensim's topic models, of which firth has none."""
