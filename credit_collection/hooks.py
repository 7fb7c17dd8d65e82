def post_init_hook(env):
    """Give the companies that exist a policy that works, and look at their ledgers once."""
    companies = env["res.company"].search([])
    companies.filtered(lambda c: not c.collection_policy_id)._set_default_collection_policy()
    env["credit.collection.item"]._assess(companies)
    env["credit.collection.item"]._update_limitation([])


def uninstall_hook(env):
    """Leave nothing behind in tables that Odoo does not own for us."""
    env["credit.collection.litigation"].search([("is_credit_blocked", "=", True)])._restore_credit()
    env.flush_all()
    # the records shipped with the module are deleted one by one: nothing may hold on to them
    env.cr.execute(
        """
        UPDATE account_move SET collection_policy_id = NULL, collection_level_id = NULL
         WHERE collection_policy_id IS NOT NULL OR collection_level_id IS NOT NULL;
        UPDATE account_move SET collection_litigation_id = NULL
         WHERE collection_litigation_id IS NOT NULL;
        UPDATE res_company SET collection_policy_id = NULL;
        UPDATE credit_collection_level SET mail_template_id = NULL;
        UPDATE credit_collection_payment_plan SET agreement_id = NULL;
        UPDATE credit_collection_handover SET pdf_id = NULL, zip_id = NULL;
        DELETE FROM credit_collection_dunning;
        DELETE FROM credit_collection_hold
         WHERE COALESCE(dispute_id, litigation_id, promise_id) IS NOT NULL;
        DELETE FROM credit_collection_promise;
        DELETE FROM credit_collection_dispute;
        DELETE FROM credit_collection_litigation;
        """
    )
    # what Odoo noted about our models in the name of other modules, and would forget
    env.cr.execute(
        """
        DELETE FROM ir_model_data
              WHERE model IN ('ir.model.inherit', 'ir.model.fields.selection')
                AND name LIKE '%\\_\\_credit\\_collection\\_%' AND module != 'credit_collection'
        """
    )
    env.invalidate_all()
    models = [
        "credit.collection.case",
        "credit.collection.dispute",
        "credit.collection.case.document",
        "credit.collection.dunning",
        "credit.collection.handover",
        "credit.collection.hold",
        "credit.collection.litigation",
        "credit.collection.interruption",
        "credit.collection.payment.plan",
        "credit.collection.policy",
        "credit.collection.promise",
        "credit.collection.run",
    ]
    for model in ("mail.activity", "mail.message", "mail.followers", "ir.attachment"):
        key = "model" if model == "mail.message" else "res_model"
        env[model].sudo().with_context(active_test=False).search([(key, "in", models)]).unlink()
