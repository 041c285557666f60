"""The state of the tab of reasoning steps."""
