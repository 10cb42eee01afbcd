"""The proof of the advice: is the strategy that Graftwork advises the best one, and if not, by how much?"""
