"""A script: adds images to a gallery, a few at a time, and tells how many are
in it.

    add_until_killed.py URI IMAGES
"""
import sys

from helpers.galleries import NamedModel, some_images

from fusionreid_mm.apis import Gallery

BATCH = 7

if __name__ == '__main__':
    uri, number = sys.argv[1], int(sys.argv[2])
    model = NamedModel()
    images = some_images(number)
    gallery = Gallery(uri, model)
    for start in range(0, number, BATCH):
        some = images[start:start + BATCH]
        gallery.add_descriptors(some, model(some))
        print(start + len(some), flush=True)
