from .image_decoding import UnreadableImageError, decode_image
from .image_files import is_image
from .listing import list_images
from .person_image import PersonImage
from .reading import read_image
from .table import read_lines, read_table
from .video import is_crop

__all__ = [
    'PersonImage', 'UnreadableImageError', 'decode_image', 'is_crop',
    'is_image', 'list_images', 'read_image', 'read_lines', 'read_table'
]
