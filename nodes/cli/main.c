/* main.c - the command `wattle`, without modules of its own. */
#include <wattle/node.h>

int main(int argc, char *argv[])
{
    return wtl_node_main(argc, argv, NULL, 0);
}
