__version__ = '0.1.0'


def parse_version_info(version: str) -> tuple:
    """``'1.2.0rc3'`` becomes ``(1, 2, 0, 'rc3')``, as in all OpenMMLab
    packages."""
    major, minor, patch = version.split('.')
    digits = patch.split('rc')[0]
    info = (int(major), int(minor), int(digits))
    suffix = patch[len(digits):]
    return info + (suffix, ) if suffix else info


version_info = parse_version_info(__version__)

__all__ = ['__version__', 'version_info', 'parse_version_info']
