"""What the own readers of exported formats find in them, as one line of JSON. Where PyTorch is missing, what they inherit from it or pass through it is stood in for."""
import importlib.abc, importlib.machinery, importlib.util, json, os, sys, types
import numpy

class Anything:
    def __init__(self, *args, **kwargs):
        pass
    def __class_getitem__(cls, item):
        return cls

class Missing(types.ModuleType):
    __path__ = []
    long = numpy.int64
    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return type(name, (Anything,), {})
    @staticmethod
    def as_tensor(array, dtype=None):
        return array

class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """For what the readers need of packages that are not there."""
    def find_spec(self, name, path, target=None):
        is_named = name.split('.')[0] in needed or name in needed
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if is_named else None
    def create_module(self, spec):
        return Missing(spec.name)
    def exec_module(self, module):
        pass

needed = {'torch', 'PIL', 'boto3', 'botocore', 'huggingface_hub', 'typing_extensions', 'packaging', 'filelock', 'streaming.base.util'}

def bare(package):
    """A package without what its __init__ would import."""
    parts = package.split('.')
    folder = os.path.join(os.path.dirname(os.path.dirname(numpy.__file__)), *parts)
    module = types.ModuleType(package)
    module.__path__ = [folder]
    module.__spec__ = importlib.machinery.ModuleSpec(package, None, is_package=True)
    module.__spec__.submodule_search_locations = [folder]
    sys.modules[package] = module
    if len(parts) > 1:
        setattr(sys.modules['.'.join(parts[:-1])], parts[-1], module)


for package in ['megatron', 'megatron.core', 'megatron.core.datasets', 'streaming', 'streaming.base', 'streaming.base.format', 'streaming.base.format.base', 'streaming.base.format.mds']:
    bare(package)
sys.modules['megatron.core.utils'] = types.SimpleNamespace(log_single_rank=lambda *args, **kwargs: None)
sys.meta_path.append(StandIns())
import torch.utils.data
torch.utils.data.Dataset

from datatrove.utils.dataset import DatatroveFileDataset
from megatron.core.datasets.indexed_dataset import IndexedDataset
from streaming.base.format.mds.reader import MDSReader
import pyarrow.parquet


def listed(tokens):
    return [int(token) for token in tokens]


def cut(tokens, ends):
    return [listed(tokens[start:end]) for start, end in zip([0, *ends[:-1]], ends)]


def megatron(folder, name, width):
    dataset = IndexedDataset(os.path.join(folder, name))
    assert listed(dataset.document_indices) == list(range(len(dataset) + 1))
    return [listed(dataset[n]) for n in range(len(dataset))]


def datatrove(folder, name, width):
    path = os.path.join(folder, f'{name}.ds')
    windows = DatatroveFileDataset(path, seq_len=0, token_size=width)
    tokens = [int(windows[n]['input_ids'][0]) for n in range(len(windows))]
    with open(path + '.metadata') as file:
        tokenizer, count, _ = file.read().split('\n')
    assert tokenizer.endswith(f'|{width}') and int(count) == len(tokens)
    return cut(tokens, listed(numpy.fromfile(path + '.index', numpy.uint64)))


def npy(folder, name, width):
    tokens = numpy.load(os.path.join(folder, f'{name}.npy'), mmap_mode='r')
    assert tokens.dtype.itemsize == width
    return cut(tokens, listed(numpy.load(os.path.join(folder, f'{name}.ends.npy'), mmap_mode='r')))


def mds(folder, name, width):
    with open(os.path.join(folder, 'index.json')) as file:
        shards = json.load(file)['shards']
    found = []
    for shard in shards:
        assert os.path.getsize(os.path.join(folder, shard['raw_data']['basename'])) == shard['raw_data']['bytes']
        reader = MDSReader.from_json(folder, '', shard)
        found += [listed(reader.decode_sample(reader.get_sample_data(n))['tokens']) for n in range(reader.samples)]
    return found


def parquet(folder, name, width):
    table = pyarrow.parquet.read_table(os.path.join(folder, f'{name}.parquet'))
    assert str(table.schema.field('input_ids').type) == 'list<element: int32 not null>', table.schema
    return table['input_ids'].to_pylist()


root, name, width = sys.argv[1], sys.argv[2], int(sys.argv[3])
print(json.dumps({read.__name__: read(os.path.join(root, read.__name__), name, width) for read in [megatron, datatrove, npy, mds, parquet]}))
