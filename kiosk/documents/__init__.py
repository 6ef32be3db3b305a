"""From hostile bytes to a document that may be printed: bytes → `SealedDocument` → `PrintableDocument`.

Two halves. The worker's half parses PDF and runs in its own, confined process: `worker`, `confinement`, `verdict`,
`inspect`, `seal`, `statement`, `numbers`, `render`. The desk's half never loads a parser: `sealed`, `gate`,
`digests`.
"""
