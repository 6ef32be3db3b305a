"""The hall behind the platform: guides, appointments, queue, cases, ratings, complaints, material, content.

Small and real: the rules of the guide to government services hold here (REQUIREMENTS B01 to B42, D01 to D14), on a
SQLite store that knows people by pseudonym and by what an answer may show of them.
"""
