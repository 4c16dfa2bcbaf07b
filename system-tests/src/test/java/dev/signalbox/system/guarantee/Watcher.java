package dev.signalbox.system.guarantee;

import java.util.List;

/** One guarantee, watching one run. For one thread. */
public interface Watcher {

    /** The guarantee's number and what is watched of it. */
    String name();

    void saw(RunEvent event);

    /** What broke the guarantee so far; with the run over, also what is lacking. At most {@value #MOST} are told. */
    List<String> violations();

    /** More than this many violations are no news. */
    int MOST = 20;
}
