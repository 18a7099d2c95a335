"""Folders and file names of the real datasets.

=============== ================================= ==========================
layout          folders                           a name
=============== ================================= ==========================
market1501      bounding_box_train, query,        0002_c1s1_000451_03.jpg
                bounding_box_test
market1501_500k the same and images               the same
dukemtmc        as market1501                     0005_c2_f0046985.jpg
occluded_duke   as market1501                     as dukemtmc
msmt17          train, test and list_*.txt        0000/0000_000_01_
                                                  0303morning_0008_0.jpg
msmt17_v2       mask_train_v2, mask_test_v2 and   the same
                list_*.txt
cuhk03_np       labeled and detected, with those  0001_c1_1.png
                of market1501 in each
veri776         image_train, image_query,         0002_c002_00030600_0.jpg
                image_test and keypoint_*.txt
vehicleid       image, train_test_split           0007003.jpg
csv             images and images.csv             person_0007/
                                                  camera_1_000451.jpg
folder          train, query, gallery             the same
=============== ================================= ==========================

Cameras are counted from 1 in names and from 0 everywhere else.
"""
from typing import Dict

from .base import ROLES, VIEWS, Label, Layout, Listed
from .cuhk03_np import CUHK03NPLayout
from .dukemtmc import DukeMTMCLayout, OccludedDukeLayout
from .market1501 import Market1501Layout, Market1501Plus500kLayout
from .msmt17 import MSMT17Layout
from .own_data import CSVLayout, FolderLayout
from .vehicles import VehicleIDLayout, VeRi776Layout

__all__ = ['LAYOUTS', 'Label', 'Layout', 'Listed', 'ROLES', 'VIEWS']

LAYOUTS: Dict[str, Layout] = {
    'market1501': Market1501Layout(),
    'market1501_500k': Market1501Plus500kLayout(),
    'dukemtmc': DukeMTMCLayout(),
    'occluded_duke': OccludedDukeLayout(),
    'msmt17': MSMT17Layout(('train', 'test')),
    'msmt17_v2': MSMT17Layout(('mask_train_v2', 'mask_test_v2')),
    'cuhk03_np': CUHK03NPLayout(),
    'veri776': VeRi776Layout(),
    'vehicleid': VehicleIDLayout(),
    'csv': CSVLayout(),
    'folder': FolderLayout(),
}
