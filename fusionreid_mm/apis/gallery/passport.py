"""What a gallery knows of itself, kept with its collection."""
import json
from typing import Any, Dict, NamedTuple, Optional

FORMAT = 1

# Under which a collection has it among its properties.
_KEY = 'fusionreid_mm'


class ModelSource(NamedTuple):
    """How to load a model again: the arguments of ``ReIDInferencer``.

    Attributes:
        model: A config, a checkpoint, or an exported model.
        weights: A checkpoint. None if ``model`` says it all.
    """
    model: str
    weights: Optional[str] = None

    def __str__(self) -> str:
        return ' with '.join(filter(None, self))


class Passport(NamedTuple):
    """Of a gallery.

    Attributes:
        fingerprint: Of the model whose descriptors it holds.
        descriptor_size: Their channels.
        index_type: How Milvus finds the nearest.
        new_cameras: Whether its cameras are unknown to the model.
        source: Where that model was loaded from. None: it was not told.
    """
    fingerprint: str
    descriptor_size: int
    index_type: str
    new_cameras: bool = False
    source: Optional[ModelSource] = None

    def to_text(self) -> str:
        return json.dumps({'format': FORMAT, **self._asdict()})

    def to_properties(self) -> Dict[str, str]:
        return {_KEY: self.to_text()}


def read_passport(description: Dict[str, Any], place: str) -> Passport:
    """From what Milvus tells of a collection.

    Milvus Lite keeps properties of a collection, but no description of it.
    The latter is written too, for servers that want to know all properties.

    Args:
        description (dict): Of ``MilvusClient.describe_collection``.
        place (str): What to call the gallery in errors.

    Raises:
        ValueError: If it is no gallery, or one of a later version.
    """
    text = description.get('properties', {}).get(_KEY)
    try:
        content = json.loads(text or description.get('description', ''))
        version = content.pop('format')
    except (ValueError, TypeError, AttributeError, KeyError):
        raise ValueError(
            f'{place} was not made by fusionreid_mm: take another name for '
            'the gallery') from None
    if version != FORMAT:
        raise ValueError(f'{place} is a gallery of format {version}, and this '
                         f'version of fusionreid_mm reads format {FORMAT}: '
                         'upgrade it')
    source = content.pop('source')
    return Passport(**content, source=source and ModelSource(*source))
