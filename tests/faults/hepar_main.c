/* The program under another name, so that every_path.c can call it in a process of its own. */
int hepar_main(int argc, char **argv);
#define main hepar_main
#include "cli/main.c" /* NOLINT(bugprone-suspicious-include) */
