(* Echo with Eio, as its README writes it: a fibre a client.

     ocamlfind ocamlopt -package eio_main -linkpkg ocaml_eio.ml && ./a.out 7000 *)

let echo flow _address =
  let buffer = Cstruct.create 16384 in
  let rec go () =
    match Eio.Flow.single_read flow buffer with
    | len ->
        Eio.Flow.write flow [ Cstruct.sub buffer 0 len ];
        go ()
    | exception End_of_file -> ()
  in
  go ()

let () =
  let port = if Array.length Sys.argv > 1 then int_of_string Sys.argv.(1) else 0 in
  Eio_main.run @@ fun env ->
  Eio.Switch.run @@ fun sw ->
  let address = `Tcp (Eio.Net.Ipaddr.V4.loopback, port) in
  let socket = Eio.Net.listen ~reuse_addr:true ~backlog:4096 ~sw (Eio.Stdenv.net env) address in
  (match Eio.Net.listening_addr socket with
  | `Tcp (_, port) -> Printf.printf "listening %d\n%!" port
  | _ -> assert false);
  Eio.Net.run_server socket echo ~on_error:ignore
