"""Systems of rpm: what dnf, microdnf and yum are asked, what they answer, where they look, what is installed."""
