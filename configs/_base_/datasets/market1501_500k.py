# Market-1501, tested with distractors: training and the evaluations during it
# stay as they are.
_base_ = 'market1501.py'

test_dataloader = dict(dataset=dict(type='Market1501Plus500k'))
