"""The door for phones with the app CHT Gateway: one address, one POST. spec: devices/3"""

from depesza.dialects.cht.dialect import ChtGateway

__all__ = ["ChtGateway"]
