home-title = Overview
console-name = Seller
