"""The rooms where the dangerous tools are kept: databases, sockets, links, secrets, processes.

Nothing above this floor imports those tools, so what we promise about them is held here, once.
"""
