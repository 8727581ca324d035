"""OVHcloud's SMS REST API, as its clients know it. spec: ovh/1 ovh/2"""

from depesza.dialects.ovh.dialect import Ovh

__all__ = ["Ovh"]
