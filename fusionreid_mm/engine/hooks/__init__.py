from .reid_protocol_hook import ReIDProtocolHook

__all__ = ['ReIDProtocolHook']
