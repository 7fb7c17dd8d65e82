def post_init_hook(env):
    """Give the companies that exist a policy that works, and look at their ledgers once."""
    companies = env["res.company"].search([])
    companies.filtered(lambda c: not c.collection_policy_id)._set_default_collection_policy()
    env["credit.collection.item"]._assess(companies)


def uninstall_hook(env):
    """Leave nothing behind in tables that Odoo does not own for us."""
    env.cr.execute("UPDATE credit_collection_dunning SET letter_id = NULL")
    models = [
        "credit.collection.case",
        "credit.collection.dunning",
        "credit.collection.hold",
        "credit.collection.policy",
        "credit.collection.run",
    ]
    for model in ("mail.activity", "mail.message", "mail.followers", "ir.attachment"):
        key = "model" if model == "mail.message" else "res_model"
        env[model].sudo().with_context(active_test=False).search([(key, "in", models)]).unlink()
