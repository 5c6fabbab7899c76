from pipeline.index.manage import IndexPlan, apply, plan

__all__ = ["IndexPlan", "apply", "plan"]
