"""How images are called in a gallery, wherever a command is run."""
import os.path as osp
from typing import TYPE_CHECKING, List, Sequence

if TYPE_CHECKING:
    from fusionreid_mm.sources import PersonImage


def absolute(name: str) -> str:
    """The name of an image, or of a crop of a video, from the root."""
    return name if '://' in name else osp.abspath(name)


def with_absolute_names(
        images: Sequence['PersonImage']) -> List['PersonImage']:
    """Each once."""
    by_name = {
        image.name: image
        for image in (image._replace(name=absolute(image.name))
                      for image in images)
    }
    return list(by_name.values())


def shown(name: str) -> str:
    """From the folder in which the command is run, if that is shorter to
    read; as :func:`printable`."""
    if '://' in name:
        return printable(name)
    relative = osp.relpath(name)
    return printable(name if relative.startswith(osp.pardir) else relative)


def printable(name: str) -> str:
    """A name in one line, which does nothing to a terminal."""
    return ''.join(letter if letter.isprintable() else letter.
                   encode('unicode_escape').decode() for letter in name)
