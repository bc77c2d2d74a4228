"""Official trial lists: reading them in their own formats, checking them, drawing missing ones, scoring."""
