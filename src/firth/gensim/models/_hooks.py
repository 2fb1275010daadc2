"""The inner methods of gensim's models, which firth does not call: a subclass that overrides one is refused."""

from firth.gensim._errors import HookError

HOOKS = (
    *("_do_train_job", "_do_train_epoch", "_train_epoch", "_train_epoch_corpusfile", "_job_producer", "_worker_loop"),
    *("_worker_loop_corpusfile", "_raw_word_count", "_get_job_params", "_update_job_params", "_get_next_alpha"),
    *("_get_thread_working_mem", "_check_input_data_sanity", "_check_corpus_sanity", "_check_training_sanity"),
    *("_set_train_params", "_scan_vocab", "_clear_post_train", "_log_progress", "_log_epoch_progress"),
    *("_log_epoch_end", "_log_train_end", "_init_post_load", "_save_specials", "_load_specials", "_smart_save"),
)


def check_hooks(kind: type) -> None:
    """Raise HookError if a model's class overrides one of `HOOKS`."""
    for one in kind.__mro__:
        if found := next((name for name in HOOKS if name in vars(one)), None):
            raise HookError(
                f"{one.__module__}.{one.__qualname__} overrides {found}, an inner method of gensim's that firth never "
                "calls: it would train on something else than this class means to. Give the sentences themselves to "
                "train(), or use gensim for this class"
            )
