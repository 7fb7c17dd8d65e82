from . import credit_collection_letter
