from typing import NamedTuple, Optional


class PersonImage(NamedTuple):
    """Where an image of a person is, and what is known of it.

    Attributes:
        name: What :func:`.read_image` reads: an image file, or a crop of a
            video, ``'walk.mp4#frame=12&xywh=10,20,64,128'`` (the frame counted
            from 0; left, top, width and height in pixels).
        camid: The camera, counted from 0. None: nobody knows.
        time: When it was taken, in seconds. None: nobody knows.
    """
    name: str
    camid: Optional[int] = None
    time: Optional[float] = None
