from . import (
    credit_collection_letter,
    credit_collection_handover_statement,
    credit_collection_handover_file,
)
