from typing import NamedTuple, Optional


class Match(NamedTuple):
    """An image of a gallery that looks like a query.

    Attributes:
        name: What :func:`fusionreid_mm.sources.read_image` reads.
        score: Cosine similarity of both descriptors, from -1 to 1.
        camid: Its camera, counted from 0. None: nobody knows.
        time: When it was taken, in seconds. None: nobody knows.
    """
    name: str
    score: float
    camid: Optional[int] = None
    time: Optional[float] = None
