"""The XML Schemas of the interface (XSD 1.0); read by platform_client.wire."""
