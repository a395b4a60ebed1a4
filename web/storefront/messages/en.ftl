home-title = Welcome to Haat
