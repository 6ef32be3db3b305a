"""The XML Schemas of the interface (XSD 1.0), one file per subject; read by platform_client.wire.

`platform.xsd` includes every subject of calls and answers; `common.xsd` holds the types they share. Only elements, no
attributes: each type is mirrored by a `binding.Message`. Every named type and every element that needs it carries its
documentation, and each simple type an example (xs:appinfo): docs/platform-api.md is made of them.
"""
