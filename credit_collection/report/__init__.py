from . import (
    credit_collection_cockpit,
    credit_collection_letter,
    credit_collection_statement,
    credit_collection_statement_document,
    credit_collection_statement_workbook,
    credit_collection_handover_file,
)
