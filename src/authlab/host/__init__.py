"""The machine: processes that never outlive the lab, CPU clocks, ports, facts about the hardware."""
