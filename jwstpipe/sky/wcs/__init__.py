"""Where pixels lie: the WCS of an image from its header, repaired, sampled, and as astropy shares it."""
