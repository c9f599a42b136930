// Package fleet knows the servers that are compared: where their programs come from, how each is started on a CPU of its
// own, and how it is stopped.
//
// Table is the list of them. To add one, write its hello-world program as its documentation says under servers/NAME, with
// an -addr flag and those paths of package work that it can have, and add a row that says which:
//
//	{Name: "gnet", Program: GoProgram{Dir: "servers/gnet", Module: "github.com/panjf2000/gnet/v2"}, Args: addrFlag, Offers: Plain},
//
// A program that cannot be had on this machine is no error: its error wraps ErrUnavailable, and its rows are skipped.
package fleet
