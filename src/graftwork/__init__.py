"""Graftwork: the visual workbench for transfer learning."""
