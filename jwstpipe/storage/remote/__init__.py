"""How S3 is asked: by the shortest way, with deadlines, for whole trees."""
