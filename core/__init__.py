"""Words every room may use and that know no business."""
