from .examination import examine, examine_quickly, refuse_problems
from .finding import Finding

__all__ = ['Finding', 'examine', 'examine_quickly', 'refuse_problems']
