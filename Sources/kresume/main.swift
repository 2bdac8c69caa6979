print("kresume")
