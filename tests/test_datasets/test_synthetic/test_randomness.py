from fusionreid_mm.datasets.synthetic.randomness import Stream, generator_for


def test_a_stream_is_the_same_each_time():
    first = generator_for(3, Stream.SHOT, 1, 2).random(4)
    assert (generator_for(3, Stream.SHOT, 1, 2).random(4) == first).all()


def test_seed_purpose_and_keys_all_tell_streams_apart():
    names = [(3, Stream.SHOT, 1, 2), (4, Stream.SHOT, 1, 2),
             (3, Stream.TRACK, 1, 2), (3, Stream.SHOT, 2, 1),
             (3, Stream.SHOT, 1, 3)]
    draws = {generator_for(*name).random() for name in names}
    assert len(draws) == len(names)
