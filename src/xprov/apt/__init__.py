"""apt on this machine: its sources, and what it installs. This page is about the sources.

Read, ask, plan, carry out, take back; only `gather` reaches the network, only `apply` and `undo` write:

    files = read_sources()                                           # sources
    request = SourcesRequest(target="armhf", native="amd64", others=(), mirrors=())    # decide
    prober = Prober.of(read_reach())                                 # probe, reach
    answers = gather(lambda known: open_questions(files, request, known), prober.answer)
    plan = plan_sources(files, request, answers)                     # plan
    plan.check()            # NetworkError, UnsatisfiableError: a suite that nobody serves
    plan.changes            # FileChange: path, before, after, diff()
    plan.notes              # what to say
    record_architecture(folder, "armhf")                             # state; before dpkg --add-architecture
    apply(plan, folder)                                              # apply
    needed_files(plan)      # names and contents of a folder of sources, for one `apt-get update`
    record_packages(folder, "armhf", names)
    undo(folder, target="armhf")                                     # the sources alone
    read_state(folder)      # architectures that xprov added, packages that it installed
    forget_architecture(folder, "armhf")

`request.others` are the foreign architectures that dpkg had before xprov came: `dpkg --print-foreign-architectures`
less `read_state(folder).architectures`.
"""
