"""The machine: processes that never outlive us, CPU clocks, ports, facts about the hardware."""
