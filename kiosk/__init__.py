"""The appliance: one citizen, one sealed certificate on paper. docs/architecture.md is its plan."""
