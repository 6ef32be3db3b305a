"""From hostile bytes to a document that may be printed: bytes → `SealedDocument` → `PrintableDocument`.

Three parts. The worker's parses PDF and runs in its own, confined process: `worker`, `confinement`, `verdict`,
`inspect`, `objects`, `seal`, `sm2`, `archive`, `statement`, `sentence`, `numbers`, `render`, `picture_pdf`. The desk's
never loads a parser: `sealed`, `gate`, `digests`, `offline_statement`. And whoever holds a paper checks it with
`paper_scan` and `check-paper.html`.
"""
